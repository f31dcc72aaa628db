"""How file formats lay out their parts: chunks, segments and tags, parsed within bounds and without decoding."""
