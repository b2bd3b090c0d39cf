"""Our speed beside its floor: the same work done with bare libraries, in the same run."""
