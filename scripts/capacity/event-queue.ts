/**
 * EventQueue: what happens next in a simulation. A binary heap by time; of one moment,
 * what was added first comes first.
 */

interface Entry<E> {
  at: number;
  order: number;
  event: E;
}

const isBefore = <E>(a: Entry<E>, b: Entry<E>): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class EventQueue<E> {
  readonly #heap: Entry<E>[] = [];
  #added = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, event: E): void {
    const heap = this.#heap;
    let child = heap.length;
    heap.push({ at, order: this.#added++, event });
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isBefore(heap[child]!, heap[parent]!)) return;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  next(): { at: number; event: E } | undefined {
    const heap = this.#heap;
    const first = heap[0] && { at: heap[0].at, event: heap[0].event };
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    heap[0] = last;
    for (let parent = 0; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      let least = parent;
      if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left;
      if (right < heap.length && isBefore(heap[right]!, heap[least]!)) least = right;
      if (least === parent) return first;
      [heap[parent], heap[least]] = [heap[least]!, heap[parent]!];
      parent = least;
    }
  }
}
