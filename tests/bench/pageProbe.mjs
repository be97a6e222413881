/** What runs inside the measured page, before its own scripts: a clock for what appears, and the list of long tasks. */

/**
 * @typedef {object} Probe
 * @property {number | null} runEnabled milliseconds since navigation, as all of these
 * @property {number | null} backendChosen
 * @property {number | null} clicked
 * @property {number | null} firstDot
 * @property {{ start: number, duration: number }[]} tasks main-thread tasks above 50 ms
 */

/**
 * Watches once a frame, from inside: what is polled from outside comes later than it happened. Clicks a preset and Run
 * as soon as they are there, where `preset` names one. Serialised into the page, so it uses nothing from outside.
 * @param {string | null} preset the title's beginning
 */
export function installProbe(preset) {
  // Runs in frames and workers that have no document as well.
  if (typeof document === 'undefined' || window.top !== window) return;
  /** @type {Probe} */
  const probe = { runEnabled: null, backendChosen: null, clicked: null, firstDot: null, tasks: [] };
  Object.assign(window, { pilafProbe: probe });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) probe.tasks.push({ start: startTime, duration });
  }).observe({ type: 'longtask', buffered: true });

  const buttons = () => [...document.querySelectorAll('button')];
  /** @returns {HTMLButtonElement | undefined} */
  const runButton = () => buttons().find((button) => button.textContent?.trim() === 'Run' && !button.disabled);
  const presetButton = () =>
    preset === null ? undefined : buttons().find((button) => button.textContent?.trim().startsWith(preset));
  const badge = () => document.querySelector('.badge .label')?.textContent ?? 'Testing';
  const dotIsDrawn = () =>
    [...document.querySelectorAll('.plane .scatterlayer .points path.point')].some(
      (dot) => dot.getBoundingClientRect().width > 0,
    );

  const look = () => {
    const now = performance.now();
    const run = runButton();
    if (run) probe.runEnabled ??= now;
    if (!badge().includes('Testing')) probe.backendChosen ??= now;
    if (probe.clicked !== null) {
      if (dotIsDrawn()) probe.firstDot ??= now;
    } else if (run && presetButton()?.getAttribute('aria-pressed') === 'false') {
      presetButton()?.click();
    } else if (run && presetButton()) {
      probe.clicked = now;
      run.click();
    }
    // Nothing is left to see: the probe must not add to what is measured later.
    if (probe.firstDot === null) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
