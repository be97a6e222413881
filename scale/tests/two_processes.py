"""Three rounds of one minibatch, trained by processes together; the first writes what was learnt. By torchrun."""

import sys
from pathlib import Path

import torch
from accelerate import PartialState
from test_training import PAIRS, learner
from tiny import llama

from pilaf_scale.laboratory import disconnect

state = PartialState(cpu=True)
policy = llama(0)
# As a run does: processes draw texts of their own.
torch.manual_seed(1000 + state.process_index)
own = learner(Path(sys.argv[1]), policy, llama(1), batch=len(PAIRS) // state.num_processes)
for _ in range(3):
    own.train(PAIRS, 1, lambda: True)
if state.is_main_process:
    torch.save(policy.state_dict(), Path(sys.argv[1]) / "learnt.pt")
del own
disconnect()
