/** The columns between a run's checkbox and its buttons. */
export const TABLE_COLUMNS = [
  { title: 'Name', help: 'Click to change it' },
  { title: 'Date', help: 'When it ended' },
  { title: 'Task', help: 'What was learned' },
  { title: 'Arms', help: 'Samplers that raced' },
  { title: 'Seeds', help: 'Repetitions of every arm' },
  { title: 'Steps', help: 'Reached, and planned where it was stopped before' },
  { title: 'Backend', help: 'What it truly ran on' },
  { title: 'Best final J', help: 'Mean over seeds with its 95% interval, of the arm whose J is highest at its end' },
  { title: 'Hash', help: 'Of all numbers of all runs: the same config, seeds and backend give the same' },
] as const;
