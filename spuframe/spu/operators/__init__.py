"""One module per operator of the physical plan; see `spuframe.spu.operator`."""
