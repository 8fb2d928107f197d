/**
 * The first 64 KiB of the memory belong to the kernels; the host allocates from 65536 up.
 *
 *     0 … 15          never used: address 0 means "absent"
 *    16, 20           two u32 that the platform writes (below)
 *  1024 …             static data of the compiler (`memoryBase` in asconfig.json), a few KiB
 * 32768 … 65535       scratch of single calls; nothing in it outlives a call
 */

/** The platform writes 24 (SIGXCPU) here when the CPU time of a request is nearly used up. */
export const __instance_signal: u32 = 16;
/** The platform writes 1 here when it has ended the instance. */
export const __instance_terminated: u32 = 20;

// @ts-ignore: decorator
@inline export const SCRATCH: usize = 32768;
