"""Liquidation and finalisation as the Clearinghouse executes them, on balances that can change."""
