"""The offline installer: `./run bundle OUT` makes it from a checkout, `shipped/` is what goes along as it is."""
