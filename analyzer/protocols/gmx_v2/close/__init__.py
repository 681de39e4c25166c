"""GMX V2: liquidations, deleveraging, the book in motion, and who bears losses."""
