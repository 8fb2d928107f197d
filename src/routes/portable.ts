/** A conversation as one signed file: out of one server, into another that has the same secret and model. */
import { PORTABLE_SCHEMA } from "../../durable-objects/conversation/export-file.ts";
import { importQuery } from "../api/conversations/import-request.ts";
import { conversationReply, type HeadView, shownConversation } from "../api/conversations/replies.ts";
import { conversationPath } from "../api/conversations/requests.ts";
import { conversationFor, inConversation } from "../api/object-address.ts";
import { answerOf } from "../api/shared/error-body.ts";
import { splitConversation } from "../api/shared/ids.ts";
import { uploadOf } from "../api/shared/upload.ts";
import { check } from "../core/failure.ts";
import { fileKeys } from "../portable/file-format.ts";
import { peekHeader } from "../portable/read-file.ts";
import { askObject } from "./ask-object.ts";
import { askHead } from "./conversations.ts";
import { endpoint } from "./endpoint.ts";

const FILE = "application/vnd.rivulet.conversation";
const tag = "Conversations";

export const portable = [
  endpoint(
    {
      method: "get",
      path: "/v1/conversations/{id}/export",
      operationId: "exportConversation",
      tag,
      summary: "Export a conversation as one file",
      description:
        "The file holds the turns, the token log, the state and the metadata, signed for the owner. It is generated while it is downloaded; an incomplete file is refused by the import.",
      params: conversationPath,
      replies: { 200: { description: "The file.", media: [FILE] } },
    },
    async (c, { caller, path: { id } }) => {
      const response = await askHead(c, caller, id, (at) => `/export/${at}`);
      if (response.ok) response.headers.set("content-disposition", 'attachment; filename="conversation.rivulet"');
      return response;
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/conversations/import",
      operationId: "importConversation",
      tag,
      summary: "Import a conversation from a file",
      description:
        "The conversation keeps its name unless `id` gives another. The file is refused, with the reason, if it is damaged, or belongs to another tenant, model, tokenizer, template or a later release. A state that another version of the model computed is left out, and computed again from the tokens. Nothing of it is used before its signature is verified.",
      query: importQuery,
      body: { media: FILE, also: ["application/octet-stream"] },
      replies: { 200: { description: "The conversation.", schema: conversationReply } },
    },
    async (c, { tenant, caller, query }) => {
      const body = uploadOf(c.req.raw);
      check(body, "request_invalid", () => "body: expected the file of a conversation", "body");
      const keys = fileKeys(c.env.SESSION_KEY, tenant);
      const { header, whole } = await peekHeader(body, { keys, schema: PORTABLE_SCHEMA });
      const known = header.conversation !== "" && splitConversation(header.conversation).root === header.conversation;
      const id = query.id ?? (known ? header.conversation : conversationFor(c.env, caller));
      const address = inConversation(c.env, caller, id);
      const response = await askObject(
        c,
        { ...caller, ...address },
        `/import?${new URLSearchParams({ fingerprint: header.model.fingerprint, model: header.model.name })}`,
        {
          method: "POST",
          body: whole,
          makes: true,
        },
      );
      return c.json(shownConversation(id, await answerOf<HeadView>(response)));
    },
  ),
];
