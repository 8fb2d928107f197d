/**
 * Unsupported: what a grammar's author asked for cannot be held to; the message says why.
 * Whoever knows the place names it.
 */
export class Unsupported extends Error {}
