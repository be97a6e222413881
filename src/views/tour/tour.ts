import { driver, type DriveStep } from 'driver.js';
import 'driver.js/dist/driver.css';
import { allowPlainText } from '../../worker/trusted';
import './tour.css';

/** What the tour shows, in its order. A stop whose element is not there now is left out. */
const STOPS: readonly { readonly element: string; readonly title: string; readonly text: string }[] = [
  {
    element: '.gallery',
    title: 'Choose an experiment',
    text: 'Each preset is a race. The bandit race is the quickest: 16 prompts with ten answers each, and the best policy known exactly.',
  },
  {
    element: '.arms',
    title: 'Who races',
    text: 'Every arm is a sampler: a rule that draws the two answers to compare. All else is the same for all of them, luck included.',
  },
  {
    element: '.plane',
    title: 'Reward, and its price',
    text: 'Up is the oracle’s reward, to the right is the distance from where training began. Up and to the left is better; the dashed line is the best that can be done.',
  },
  {
    element: '.curve',
    title: 'How fast they learn',
    text: 'How far each arm is from the best policy, by the labels it has used. Lower with fewer labels is what a better sampler is for.',
  },
  {
    element: '.saved',
    title: 'What it saves',
    text: 'The labels that an arm does not need to come as far as another. The interval says how sure that is; no verdict comes from a single seed.',
  },
  {
    element: '.pairs',
    title: 'What is compared',
    text: 'While a race is on, these are the pairs just drawn and labelled, and what the policy itself thinks of every word.',
  },
  {
    element: 'header nav',
    title: 'Why it works',
    text: 'Learn explains the mechanism on one prompt that you can change, and the theory. Sweeps and Runs are for your own experiments.',
  },
  {
    element: '.run',
    title: 'Start a race',
    text: 'The curves grow while it trains in this browser, and every number comes from it. Start it now.',
  },
];

/** Walks through the race's view; the last button starts a race. Escape ends it, arrow keys walk. */
export function startTour(run: () => unknown): void {
  allowPlainText();
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const steps: DriveStep[] = STOPS.filter(({ element }) => document.querySelector(element)).map(
    ({ element, title, text }) => ({ element, popover: { title, description: text } }),
  );
  const tour = driver({
    steps,
    animate: !still,
    smoothScroll: !still,
    showProgress: true,
    progressText: '{{current}} of {{total}}',
    nextBtnText: 'Next',
    prevBtnText: 'Back',
    doneBtnText: 'Start the race',
    onNextClick: () => {
      const isLast = tour.isLastStep();
      if (!isLast) return tour.moveNext();
      tour.destroy();
      run();
    },
  });
  tour.drive();
}
