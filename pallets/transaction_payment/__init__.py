"""Transaction payment: what a transaction costs its sender."""

from pallets.transaction_payment.pallet import TransactionPayment
from runtime.frame import register

register_pallets = register(TransactionPayment)

__all__ = ["TransactionPayment"]
