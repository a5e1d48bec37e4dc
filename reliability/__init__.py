"""What the promises of the warehouse are measured with. No part of the product imports it."""
