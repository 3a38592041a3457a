// A sender made of node-hl7-client: builds messages with it, sends them and prints the answers.
const { Client, Message } = require("node-hl7-client");

const [port, count] = process.argv.slice(2).map(Number);
const client = new Client({ host: "127.0.0.1" });
let answered = 0;
const connection = client.createConnection({ port }, (response) => {
  const answer = response.getMessage();
  console.log("ANSWER " + answer.get("MSA.1").toString() + " " + answer.get("MSA.2").toString());
  answered += 1;
  if (answered === count) {
    process.exit(0);
  }
});

async function send() {
  await connection.onConnect?.();
  for (let number = 0; number < count; number += 1) {
    const message = new Message({
      messageHeader: { msh_9_1: "ADT", msh_9_2: "A08", msh_9_3: "ADT_A01", msh_10: "NODE" + number, msh_11_1: "P" },
    });
    const segment = message.addSegment("PID");
    segment.set("3.1", "4711");
    await connection.sendMessage(message);
  }
}

send().catch((error) => {
  console.error(error);
  process.exit(1);
});
setTimeout(() => process.exit(2), 20000);
