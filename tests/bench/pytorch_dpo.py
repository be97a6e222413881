"""One round of online DPO for a fleet, in eager PyTorch, cut into the phases that are measured.

What a PyTorch user gains from knowing that all runs share one reference is used: its log-probs are one teacher-forced
pass under a single weight set. In sampling only PILAF's rows need the reference's logits.

Axes: R runs, B = 2·P rows of P pairs, C completion tokens, E evaluated rows. PILAF's runs come first.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from pytorch_model import Decoder, Model, parameter_count

BEGIN, END = 1, 2
FIRST_WORD = 3


@dataclass(frozen=True)
class Workload:
    pairs: int
    evaluationSamples: int
    beta: float
    learningRate: float
    clip: float
    runs: int
    # How many of the runs sample by PILAF; they are the first ones.
    guided: int
    # Whether PILAF's reference decodes with the policies as further weight sets, or only its rows and on its own.
    together: bool


class Fleet:
    def __init__(self, sizes, workload, device, seed=0):
        self.sizes, self.workload, self.device = sizes, workload, device
        self.model = Model(sizes, device)
        self.host = torch.Generator().manual_seed(seed)
        # Small weights: completions are long, as a language model's at temperature 1.
        reference = 0.02 * torch.randn(1, parameter_count(sizes), generator=self.host)
        self.reference = reference.to(device)
        self.weights = self.reference.repeat(workload.runs, 1).requires_grad_()
        self.optimiser = torch.optim.AdamW([self.weights], lr=workload.learningRate, weight_decay=0.0, foreach=True)
        self.evaluated_prompts = self.draw_prompts(workload.evaluationSamples)
        self.evaluation_mask = self.model.mask(self.evaluated_prompts)

    # ------------------------------------------------------------ phases

    @torch.no_grad()
    def sample(self):
        """Two completions for each prompt, half of PILAF's pairs from interpolated logits. -> token ids [R, B, T]"""
        w = self.workload
        prompts = self.draw_prompts(w.pairs).repeat_interleave(2, dim=1)
        coefficients = self.draw_coefficients()
        if w.guided == 0:
            tokens, _ = self.decode(self.weights, prompts)
        elif w.together:
            tokens, _ = self.decode_together(prompts, coefficients.to(self.device))
        else:
            tokens, _ = self.decode_apart(prompts, coefficients)
        return torch.cat([prompts, tokens], -1)

    def label(self, tokens):
        """Reads the tokens back once, asks the oracle on the host and sorts each pair. -> tokens, mask [R, B, C]"""
        read = tokens.cpu()
        completions = read[:, :, self.sizes.promptLength :]
        mask = visited(completions)
        rewards = (completions * mask).sum(-1) / mask.sum(-1) / self.sizes.vocabulary  # mean id: a fake oracle
        first, second = rewards.view(self.workload.runs, -1, 2).unbind(-1)
        prefers_second = torch.rand(first.shape, generator=self.host) >= (first - second).sigmoid()
        swap = prefers_second.repeat_interleave(2, dim=1).long()
        order = torch.arange(read.shape[1]) ^ swap  # rows 2i and 2i + 1 change places
        sort = lambda x: x.gather(1, order[:, :, None].expand(x.shape)).to(self.device)
        return sort(read), sort(mask.float())

    @torch.no_grad()
    def reference_log_probs(self, tokens, mask):
        """One teacher-forced pass: all rows under the one reference. -> [R, B]"""
        rows = tokens.flatten(0, 1)[None]
        visible = self.model.mask(rows[:, :, : self.sizes.promptLength])
        return (self.model.completion_log_probs(self.reference, rows, visible).view(mask.shape) * mask).sum(-1)

    def forward_backward(self, tokens, mask, reference):
        """The loss of every run [R]; its gradient is left in weights.grad."""
        visible = self.model.mask(tokens[:, :, : self.sizes.promptLength])
        log_probs = (self.model.completion_log_probs(self.weights, tokens, visible) * mask).sum(-1)
        ratios = (log_probs - reference).view(tokens.shape[0], -1, 2)
        losses = -F.logsigmoid(self.workload.beta * (ratios[..., 0] - ratios[..., 1])).mean(1)
        self.optimiser.zero_grad(set_to_none=True)
        # Runs do not touch: the sum's gradient is every run's own.
        losses.sum().backward()
        return losses.detach()

    @torch.no_grad()
    def update(self):
        """Clips each run's gradient by its own norm, then AdamW."""
        norms = torch.linalg.vector_norm(self.weights.grad, dim=1, keepdim=True)
        self.weights.grad.mul_((self.workload.clip / (norms + 1e-6)).clamp_(max=1))
        self.optimiser.step()

    @torch.no_grad()
    def evaluate(self):
        """Samples from the policies; KL and entropy over the full vocabulary. -> reward, KL, entropy of every run"""
        prompts = self.evaluated_prompts
        tokens, logits = self.decode(self.weights, prompts)
        mask = visited(tokens).float()
        rows = torch.cat([prompts, tokens], -1).flatten(0, 1)[None]
        reference = self.model.completion_logits(self.reference, rows, self.evaluation_mask)
        reference = reference.view(*tokens.shape, -1).log_softmax(-1)
        policy = torch.stack(logits, 2).log_softmax(-1)  # [R, E, C, V]
        probabilities = policy.exp()
        kl = (probabilities * (policy - reference)).sum(-1) * mask
        entropy = -(probabilities * policy).sum(-1) * mask
        measured = torch.stack([kl.sum(-1).mean(-1), entropy.sum(-1).mean(-1)]).cpu()
        read, read_mask = tokens.cpu(), mask.cpu()
        rewards = (read * read_mask).sum(-1) / read_mask.sum(-1)
        return rewards.mean(-1), measured[0], measured[1]

    # ------------------------------------------------------------ decoding

    def decode(self, weights, prompts):
        """-> tokens [R, B, C], logits at each token [C][R, B, V]"""
        decoder, tokens, logits = Decoder(self.model, weights, prompts), [], []
        for token in range(self.sizes.completionLength):
            if token > 0:
                decoder.advance(tokens[-1])
            logits.append(decoder.logits)
            tokens.append(draw(decoder.logits))
        return torch.stack(tokens, -1), logits

    def decode_together(self, prompts, coefficients):
        """Policies and the references of PILAF's runs as one batch of weight sets: fewest launches."""
        runs, guided = self.workload.runs, self.workload.guided
        weights = torch.cat([self.weights, self.reference.expand(guided, -1)])
        decoder, tokens = Decoder(self.model, weights, torch.cat([prompts, prompts[:guided]])), []
        for token in range(self.sizes.completionLength):
            if token > 0:
                decoder.advance(torch.cat([tokens[-1], tokens[-1][:guided]]))
            own, reference = decoder.logits[:runs], decoder.logits[runs:]
            steered = own[:guided] + coefficients[:, :, None] * (own[:guided] - reference)
            tokens.append(draw(torch.cat([steered, own[guided:]])))
        return torch.stack(tokens, -1), None

    def decode_apart(self, prompts, coefficients):
        """The one reference decodes the interpolated rows alone: fewest multiplications, twice the launches."""
        flat = lambda x: x.flatten(0, 1)
        steered_rows = coefficients.flatten().nonzero()[:, 0]
        factors = coefficients.flatten()[steered_rows, None].to(self.device)
        steered_rows = steered_rows.to(self.device)
        policy = Decoder(self.model, self.weights, prompts)
        reference = Decoder(self.model, self.reference, flat(prompts)[steered_rows][None])
        tokens = []
        for token in range(self.sizes.completionLength):
            if token > 0:
                policy.advance(tokens[-1])
                reference.advance(flat(tokens[-1])[steered_rows][None])
            rows = flat(policy.logits)
            own = rows[steered_rows]
            rows[steered_rows] = own + factors * (own - reference.logits[0])
            tokens.append(draw(policy.logits))
        return torch.stack(tokens, -1), None

    # ------------------------------------------------------------ draws

    def draw_prompts(self, count):
        """Random words after the beginning, padded on the left. -> [R, count, promptLength]"""
        shape = (self.workload.runs, count, self.sizes.promptLength)
        prompts = torch.randint(FIRST_WORD, self.sizes.vocabulary, shape, generator=self.host)
        starts = torch.randint(0, self.sizes.promptLength // 2 + 1, shape[:2], generator=self.host)[:, :, None]
        columns = torch.arange(self.sizes.promptLength)
        prompts = prompts.masked_fill(columns < starts, 0).masked_fill(columns == starts, BEGIN)
        return prompts.to(self.device)

    def draw_coefficients(self):
        """PILAF's mixture: half the pairs (0, 0), half (+β, −β). -> [guided, B]"""
        w = self.workload
        steered = torch.rand(w.guided, w.pairs, 1, generator=self.host) < 0.5
        return (steered * torch.tensor([w.beta, -w.beta])).flatten(1)


def draw(logits):
    """Gumbel-max: one token from each row's softmax. [W, B, V] -> [W, B]"""
    # On the CPU torch.rand takes a third of exponential_'s time.
    return (logits - torch.rand_like(logits).log_().neg_().log_()).argmax(-1)


def visited(completions):
    """1 up to and including the end token. [R, B, C]"""
    ended = (completions == END).cumsum(-1)
    return (ended - (completions == END).long() == 0).long()
