// The unprotected side's client, as toolkits generate it: what the page calls,
// it sends. It uses fetch and JSON as it finds them, like most code.
export function bind(address) {
  return async function call(method, args) {
    const response = await fetch(address, { method: "POST", body: JSON.stringify({ method, args }) });
    const answer = await response.json();
    if (answer.error) throw new Error(answer.error);
    return answer.result;
  };
}
