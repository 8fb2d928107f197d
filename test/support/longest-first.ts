/**
 * Files that last long begin first, each project's before its others: the last to begin would hold up the end alone.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Half a minute and more on two cores. How long a file lasts is known only where it has run before,
 * and how large it is says little.
 */
const LONG = [
  "server/kill.e2e.ts",
  "server/clients/python.e2e.ts",
  "server/page/access.e2e.ts",
  "server/commands.e2e.ts",
  "server/prefixes.e2e.ts",
  "server/start.e2e.ts",
  "server/workers.e2e.ts",
  "server/page/document.e2e.ts",
  "server/page/conversations.e2e.ts",
  "server/page/connection.e2e.ts",
  "workerd/durable-objects/storage/statements.test.ts",
  "workerd/routes/odd-requests.test.ts",
];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}`));
  return at < 0 ? LONG.length : at;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // Projects stay one after another, as their files share processes.
    const projects = [...new Set(sorted.map(({ project }) => project.name))];
    return projects.flatMap((name) =>
      sorted.filter(({ project }) => project.name === name).toSorted((a, b) => rank(a) - rank(b)),
    );
  }
}
