"""Experiments of PILAF Lab on any causal language model: transformers samples, TRL trains."""
