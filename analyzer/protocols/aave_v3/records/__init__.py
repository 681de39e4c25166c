"""Aave V3: what logs and state are made of, as plain records: accounts, balances, indexes."""
