import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { invoke } from "/.sallyport/api.mjs";

function App() {
  const [text, setText] = useState("");
  const [answer, setAnswer] = useState("");
  const [count, setCount] = useState(0);
  useEffect(() => { invoke("count").then(({ n }) => setCount(n), (e) => setAnswer(e.code)); }, []);
  const call = (command, args) => invoke(command, args).then((v) => setAnswer(JSON.stringify(v)), (e) => setAnswer(e.code));
  return (
    <main>
      <h1 style={{ fontWeight: count > 0 ? 700 : 400 }}>Calls</h1>
      <ul>{["a", "b", "c"].map((item) => <li key={item} className="item">{item}</li>)}</ul>
      <input value={text} onChange={(e) => setText(e.target.value)} />
      <button id="echo" onClick={() => call("echo", { text })}>Echo</button>
      <button id="vault" onClick={() => call("vault.open")}>Vault</button>
      <output id="answer">{answer}</output>
      <output id="count">{count > 0 ? "counted" : ""}</output>
      <section id="markup"><b>bold</b></section>
    </main>
  );
}

createRoot(document.getElementById("app")).render(<App />);
