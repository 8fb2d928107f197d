import type { TestAnnotation } from "vitest";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Ends the run with one plain line: "N passed, N failed" (skipped added when any). Says what tests have counted. */
export default class PlainReporter implements Reporter {
  onTestCaseAnnotate({ name }: TestCase, { message }: TestAnnotation) {
    process.stdout.write(`${name}: ${message}\n`);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    let broken = unhandled.length;
    for (const module of modules) {
      if (module.state() === "failed" && module.errors().length > 0) broken++;
      for (const test of module.children.allTests()) count[test.result().state]++;
    }
    const failed = count.failed + broken + count.pending;
    process.stdout.write(
      `${count.passed} passed, ${failed} failed${count.skipped ? `, ${count.skipped} skipped` : ""}\n`,
    );
  }
}
