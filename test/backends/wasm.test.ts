import { describeBackend } from "./backend.suite.ts";
import { onnxCases } from "./onnx-cases.ts";
import { load } from "./packs.ts";

describeBackend({
  name: "WebAssembly",
  cases: Object.keys(onnxCases),
  load: (golden, options) => load(`golden/${golden}`, options),
  cannot: {
    "refuses tokens beyond the context, the state stays":
      "it computes on past the length that the checkpoint was made for; the turn refuses before",
  },
});
