// Reads [{p, t: [...]}, ...] and says of each pattern whether it is a regular expression with
// the u flag ("-" if not), and of each text whether it matches.
let input = "";
process.stdin.setEncoding("utf8");
for await (const part of process.stdin) input += part;
const answers = JSON.parse(input).map(({ p, t }) => {
  let re;
  try {
    re = new RegExp(p, "u");
  } catch {
    return "-";
  }
  return t.map((text) => (re.test(text) ? "1" : "0")).join("");
});
process.stdout.write(JSON.stringify(answers));
