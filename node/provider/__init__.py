"""The provider's side: proving capacity to the chain and doing the work that coins are redeemed for."""
