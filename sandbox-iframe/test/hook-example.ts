// The hook of docs/hook.md, which hook.test.ts runs.
import { Hook } from "../src/hook.ts";

export const hook = new Hook("main", "http://page.test", 1000);
// As a hook's file has it: plain JavaScript, which knows no types.
const sallyport = hook.surface as {
  onCall(fn: (message: any) => unknown): void;
  onAnswer(fn: (answer: any, message: any) => unknown): void;
  refuse(reason: string): unknown;
};

sallyport.onCall((message) => {
  switch (message.kind) {
    case "call":
      if (message.command === "avatar.set" && message.args.image.$bytes[0] !== 0x89) return sallyport.refuse("no PNG");
      return message;
    case "emit":
      if (message.event === "notes.changed") message.args.at = new Date().toISOString();
      return message;
    case "listen":
      return message.event.startsWith("admin.") ? sallyport.refuse("not in this window") : message;
    case "item": // of the upload of call message.id
      return message.command === "files.put" && message.args.length > 1000 ? sallyport.refuse("too long a line") : message;
    default: // what ends something, or asks for more of it
      return message;
  }
});

sallyport.onAnswer((answer, message) => {
  if (answer.kind === "event" && message.event === "notes.changed") delete answer.value.author;
  return answer;
});
hook.seal();
