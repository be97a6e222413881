import { expect, it, test } from 'vitest';
import { tunedBy } from '../../src/experiment/config/tuned';
import { findPreset, PRESETS } from '../../src/experiment/presets/presets';
import { Draft } from '../../src/views/race/setup/draft.svelte';
import { FIELD_CASES } from '../support/everyField';

/** Also the order of the fields: the page compares configs as text. */
const text = (value: unknown) => JSON.stringify(value, null, 1);

test.each(FIELD_CASES)('an untouched draft keeps $path', ({ configs }) => {
  expect(configs).not.toHaveLength(0);
  for (const config of configs) expect(text(new Draft(config).checked)).toBe(text({ ok: true, value: config }));
});

it('leaves out what an arm or the start has not of its own', () => {
  const { config } = PRESETS.find(({ id }) => id === 'figure-5-bandit')!;
  const draft = new Draft(config);
  const [arm] = draft.arms;
  Object.assign(arm!, { beta: 0.5, learningRate: 0.01, loss: { kind: 'ipo', smoothing: 0 } });
  draft.set('startLearningRate', 0.002);
  draft.set('clip', 2);
  expect(draft.checked).toMatchObject({
    ok: true,
    value: {
      arms: [{ beta: 0.5, learningRate: 0.01, loss: { kind: 'ipo' } }, {}, {}, {}],
      start: { learningRate: 0.002 },
      optimiser: { clip: 2 },
    },
  });
  Object.assign(arm!, { beta: 'much', learningRate: '', loss: null });
  expect(draft.armProblem(arm!, 'beta')).toMatch(/^"much" is not allowed/);
  arm!.beta = '';
  draft.set('startLearningRate', '');
  draft.set('clip', '');
  expect(text(draft.checked)).toBe(text({ ok: true, value: config }));
});

it('keeps nothing of what was there before', () => {
  for (const { config: before } of PRESETS) {
    for (const { id, config } of PRESETS) {
      const draft = new Draft(before);
      draft.alpha = 0.3;
      draft.set('beta', 'x');
      draft.load(config, id);
      expect(text(draft.checked)).toBe(text({ ok: true, value: config }));
      expect(draft.presetId).toBe(id);
    }
  }
});

it('gives all arms the race’s value again', () => {
  const draft = new Draft(findPreset('figure-3')!.config);
  draft.set('learningRate', 0.002);
  expect(draft.arms.map(({ learningRate }) => learningRate)).toEqual([3e-4, 3e-4, 3e-4, 3e-4]);
  draft.share('learningRate');
  const { checked } = draft;
  if (!checked.ok) throw new Error('it is not a config');
  expect(checked.value.learningRate).toBe(0.002);
  for (const arm of checked.value.arms) expect(arm.learningRate).toBeUndefined();
  expect(tunedBy(checked.value), 'it is no tuned race any more').toBeNull();
});
