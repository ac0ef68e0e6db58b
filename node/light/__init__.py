"""The light client: questions about a chain's state answered by a proof, with no node trusted."""
