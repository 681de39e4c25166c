"""One cascade, exact: from a shock through liquidations and sales to where nothing more happens."""
