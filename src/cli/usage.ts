export const USAGE = `PILAF Lab without a browser: the page's engine, for scripts. From a package, npx pilaf-lab stands for npm run lab --.

  npm run lab -- run <preset, config.json or '#v1…'> [options]
      --set <path=value>   changes the config, as often as you like: seeds=4, schedule.steps=100,
                           beta=0.1, arms.1.alpha=0.5, task.rewards=[[1,0],[0,1]]
      --backend <name>     webgpu, wasm-relaxed (fused multiply-add: its hashes differ between machines), wasm or cpu;
                           the fastest that works where not given
      --workers <n>        processes that share the race (one per core; 1 on webgpu); the hashes do not depend on it
      --labels <file>      a person's labels (JSON Lines, from the page's Learn), where labeller.reader is "person"
      --out <file>         writes the results as JSON
      --pairs <file.jsonl> writes every pair that is trained on, with its label and the policy's hash after each step;
                           python3 docs/replay.py <file.jsonl> trains a bandit again from it, with numpy alone
      --save <file>        saves the experiment's state now and then, to go on with resume; it stays until --out has the
                           results
      --save-every <s>     seconds between savings (30)
      --weights <folder>   gets each run's weights at the end, <arm>-seed<n>.safetensors; of reviews, a file for
                           --set 'start={"kind":"checkpoint","checkpoint":"<file>.safetensors"}', or task.checkpoint
      '#v1…' is a link copied in the page, with or without the address in front; quote it, as # begins a comment.
      Ctrl-C ends after the step in hand, with the table and the files so far.

  npm run lab -- resume <file> [--out <file>] [--weights <folder>] [--workers <n>] [--labels <file>] [--backend <name>]
      goes on where a stored experiment was ended or killed, on the backend that it ran on, to the same hashes as
      without the break; on another one the results say so. Goes on saving to the file, which stays until --out has the
      results

  npm run lab -- show <preset or results.json> [--at 20,100,400]
      prints a preset's recorded run, or results that run --out or the page wrote: the table that run ends with, J
      after some steps, and the means over the last quarter of the steps

  npm run lab -- sweep <sweep or sweep.json> [options]
      runs one experiment many times over, a cell for each setting, and ends with a table. A sweep is phase-map,
      text-map, losses or rounds, or a file with a base (a preset's name or a config) and axes, whose product makes a
      grid, or a list of cells, or both: the list has what each cell of the grid sets besides:
      {"base": "bandit-race", "axes": [{"path": "beta", "values": [0.1, 1]}, {"path": "arms.1.alpha", "values": [1, 2]}]}
      {"base": "bandit-race", "list": [{"beta": 0.1}, {"beta": 1, "task.rewardScale": 10}]}
      --set <path=value>   changes the base, as often as you like
      --backend <name>     webgpu, wasm or cpu; the fastest that works where not given
      --jobs <n>           cells at a time, each in a process of its own (one per core; 1 on webgpu)
      --shard <i/n>        only every n-th cell, from the i-th, for a machine of several
      --out <file.jsonl>   gets a line for every finished cell
      --resume             goes on with that file after Ctrl-C, a kill or a power cut
      --show <quantity>    of the table: labelSaving, samplingSaving, difference, objective, lateObjective
                           (the mean over the last quarter of the steps), rewardSpread or gap

  npm run lab -- merge <files> [options]
      --out <file>         writes the cells of all files (shards, or a merged document) as one JSON document
      --partial            does without missing cells
      --show <quantity>    of the table

  npm run lab -- tune <preset, config.json or '#v1…'> --over learningRate=0.0001,0.0003,0.001 [options]
      makes a race fair: every arm tries the same values on seeds that the race does not use, and takes its best by the
      mean J over the last quarter of the steps
      --over <field=…>     learningRate, alpha, n or loss, with the values to try; several make a grid
      --seeds <n>          to try them on (8)
      --first-seed <n>     of those (1000)
      --set <path=value>   changes the config, as often as you like
      --backend <name>, --jobs <n>     as of sweep
      --cells <file.jsonl> gets a line for every finished trial; --resume goes on with it
      --out <file.json>    the race with every arm's best, for run

  npm run lab -- presets [--json]
      lists the presets and the ready sweeps; --json prints the presets with their full configs

  npm run --silent lab -- presets <preset> > config.json
      prints one preset's config, to be edited and run (--silent keeps npm's own lines out of the file)

  npm run lab -- samplers [--json]
      lists the samplers with their sources; --json prints what another program needs to draw as they do

  npm run lab -- theory <preset, config.json or '#v1…'> [options]
      the exact theory of a bandit's arms: how well each one's expected DPO step points along the gradient of J on the
      way from the reference to the optimum, what n labels leave unknown, and the efficiency against the best design
      --set <path=value>   changes the config, as often as you like
      --at <f,f,…>         where: 0 is the reference, 1 the optimum (0,0.25,0.5,0.75,1)
      --json               prints a document instead of tables

  npm run lab -- record <preset> --from <results.json>
      takes a preset's runs from what run --out wrote, for the page to ship (public/recorded)
  npm run lab -- record --check
      runs the beginning of every recorded preset again and compares; where that takes long, the settings alone

  npm run lab -- claims [--out <file>]
      holds the paper's claims against the recorded runs, as a Markdown document (docs/claims.md)

  npm run lab -- pretrain reviews [options]
      --seed <n>           of the corpus, the first weights and the samples (0)
      --steps <n>          of 64 texts each (4000)
      --width <n>          of the model, a multiple of 16; a sweep over task.checkpoint compares widths (64)
      --backend <name>     (wasm)
      --out <folder>       where the checkpoint, its tokenizer and its card go (public/checkpoints)

  npm run lab -- pretrain text <file.txt> [options]
      trains a small policy that writes like a text of yours, of 500 words to 8 MB; for task.checkpoint of a text task
      --seed <n>           of the passages, the first weights and the samples (0)
      --steps <n>          of 32 passages each (1000)
      --tokens <n>         of its byte-pair vocabulary at most (512)
      --width <n>, --layers <n>    of the model; its width a multiple of 16 (64, 2)
      --backend <name>     (wasm)
      --out <folder>       where <file>.safetensors goes (.)

  npm run lab -- optimum reviews [options]
      estimates the best reward at each KL, and J* at each β, by importance sampling from the reference
      --checkpoint <name>  a shipped one, or a .safetensors file (reviews)
      --oracle <name>      bounded, or sum (bounded)
      --samples <n>        completions of each test prompt (2000)
      --proposal-steps <n> training steps of each policy to draw from; 0: from the reference alone (100)
      --seed <n>           (0)
      --backend <name>     (wasm)
      --workers <n>        processes that draw (one per core); the estimate does not depend on it
      --out <file>         where the estimate goes (beside the checkpoint)

  npm run lab -- reward <preset, config.json or '#v1…'> --out <file.safetensors> [options]
      trains a small reward model, a transformer with a scalar head, on votes between texts, for an oracle
      {"of": "learnt", "model": "<file.safetensors>"} of a text task; its card says how well it judges
      --set <path=value>   changes the config, whose model writes the texts and whose oracle labels them
      --pairs <n>          (4000)
      --labels <file>      a person's labels instead (JSON Lines, from the page's Learn)
      --epochs <n>, --seed <n>, --width <n>, --layers <n>    (4, 0, 32, 2)
      --backend <name>     (wasm)

  npm run lab -- texts <preset, config.json or '#v1…'> [options]
      prints what the config's policy writes after the test prompts before training, the first texts of a seed, with the
      oracle's rewards; with --set 'start={"kind":"checkpoint","checkpoint":"<file>.safetensors"}' a trained one's
      --count <n>, --seed <n>, --json      (50, 0)
      --set <path=value>   changes the config
      --backend <name>     (wasm)

  npm run --silent lab -- score <preset, config.json or '#v1…'> [--set <path=value>]
      the config's oracle for other programs: a line of standard input is a list of texts as token ids,
      [{"prompt": [1, 163], "completion": [24, 2]}], a line of standard output their rewards, [0.4], or {"error": "…"};
      it ends with its input

  npm run lab -- unpack <file.safetensors> --out <folder>
      writes a policy as the folder that transformers loads: config.json, model.safetensors, tokenizer.json,
      tokenizer_config.json

  npm run lab -- export trl <preset, config.json or '#v1…'> --out <folder> [options]
      an experiment on text as a folder that scale/ runs on transformers and TRL: its config, model, prompts and oracle,
      and a README with what to type; what comes back is read by show, and by the page
      --set <path=value>   changes the config, as often as you like
      --model <name>       a model of Hugging Face's hub in place of the experiment's

Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted. LAB_TRACE=1 shows where an error came from.
`;
