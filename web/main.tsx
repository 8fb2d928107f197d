/** The chat page: one script, one style sheet, no state of its own that the server does not keep. */
import { render } from "preact";
import { begin } from "./actions.ts";
import { App } from "./app.tsx";

render(<App />, document.getElementById("app")!);
void begin();
