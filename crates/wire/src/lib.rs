//! Every byte that leaves the machine, as types: relay frames, boxes, invites, records, limits.
