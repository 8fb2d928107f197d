/** hubFailure: what a refusal of the hub, or a hub that cannot be reached, means for the user. */
import { HubApiError } from "@huggingface/hub";
import { Failure } from "../core/failure.ts";

/** `what` was asked for: a repository, or a file of it. */
export function hubFailure(thrown: unknown, what: string, endpoint: string): unknown {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError") return thrown;
  if (thrown instanceof HubApiError) return refusal(thrown, what, endpoint);
  const { message, cause } = thrown instanceof Error ? thrown : { message: String(thrown), cause: undefined };
  const reason = cause instanceof Error && cause.message ? `${message}: ${cause.message}` : message;
  return new Failure("weights_unavailable", `${what}: ${endpoint} did not answer (${reason})`, { cause: thrown });
}

function refusal(error: HubApiError, what: string, endpoint: string): Failure {
  const said = error.message.split(/\. URL: /)[0];
  const failure = (message: string) => new Failure("request_invalid", `${what}: ${message}`, { cause: error });
  if (error.statusCode === 403 || /\bgated\b|restricted|access to model/i.test(said ?? ""))
    return failure(
      `gated: accept its terms on the hub's page and give a token that may read it as HF_TOKEN (${endpoint} says: ${said})`,
    );
  if (error.statusCode === 401)
    return failure(`expected a repository that this caller may read: it does not exist, or needs a token in HF_TOKEN`);
  if (error.statusCode === 404)
    return failure(`expected a repository and revision that exist at ${endpoint} (${said})`);
  if (error.statusCode === 429 || error.statusCode >= 500)
    return new Failure("weights_unavailable", `${what}: ${endpoint} answered ${error.statusCode} (${said})`, {
      cause: error,
    });
  return failure(`${endpoint} answered ${error.statusCode} (${said})`);
}
