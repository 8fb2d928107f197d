/**
 * Processor time that this thread has used, in milliseconds. Bounds on how much work something takes are set on this
 * and never on the clock on the wall: a machine with ten times the load takes ten times as long, but does not do more.
 */
export const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
