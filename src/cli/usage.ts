export const USAGE = `PILAF Lab without a browser: the page's engine, for scripts.

  npm run lab -- run <preset or config.json> [options]
      --set <path=value>   changes the config, as often as you like: seeds=4, schedule.steps=100,
                           beta=0.1, arms.1.alpha=0.5, task.rewards=[[1,0],[0,1]]
      --backend <name>     webgpu, wasm or cpu; the fastest that works where not given
      --out <file>         writes the results as JSON
      --save <file>        saves the experiment's state now and then, to go on with resume
      --save-every <s>     seconds between savings (30)
      Ctrl-C ends after the step in hand, with the table and the files so far.

  npm run lab -- resume <file> [--out <file>]
      goes on where a saved experiment was ended or killed, on the backend that it ran on, to the same hashes as
      without the break; goes on saving to the file

  npm run lab -- presets [--json]
      lists the presets; --json prints them with their full configs

  npm run --silent lab -- presets <preset> > config.json
      prints one preset's config, to be edited and run (--silent keeps npm's own lines out of the file)

  npm run lab -- pretrain reviews [options]
      --seed <n>           of the corpus, the first weights and the samples (0)
      --steps <n>          of 64 texts each (4000)
      --backend <name>     (wasm)
      --out <folder>       where the checkpoint, its tokenizer and its card go (public/checkpoints)

  npm run lab -- optimum reviews [options]
      estimates the best reward at each KL, and J* at each β, by importance sampling from the reference
      --checkpoint <name>  a shipped one, or a .safetensors file (reviews)
      --samples <n>        completions of each test prompt (2000)
      --proposal-steps <n> training steps of each policy to draw from; 0: from the reference alone (100)
      --seed <n>           (0)
      --backend <name>     (wasm)
      --out <file>         where the estimate goes (beside the checkpoint)

Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted. LAB_TRACE=1 shows where an error came from.
`;
