"""SQL as another way to write a frame's plan: `spuframe.frame.sql.queries.run` reads a query into calls of `spuframe.SecretFrame`."""
