/** Requests of /v1/conversations/import. */
import * as z from "zod";
import "../shared/openapi.ts";
import { conversationId, splitConversation } from "../shared/ids.ts";

const isRoot = (id: string) => splitConversation(id).root === id;

export const importQuery = z.strictObject({
  id: conversationId
    .refine(isRoot, "expected a name that does not end as a fork's does")
    .optional()
    .openapi({ description: "The name of the imported conversation. The default is the name in the file." }),
});
