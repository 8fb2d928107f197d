/** Somebody else computes the turn, or it has ended: nothing more may be written or said about it here. */
export class LeaseLost extends Error {}
