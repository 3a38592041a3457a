// Test patients of the ward's trainers go nowhere; everyone else's name is written in capitals.
export default (msg, ctx) => {
  if (msg.get("PID-5.1").startsWith("ZZTEST")) {
    console.log("a test patient");
    return;
  }
  msg.set("PID-5.1", msg.get("PID-5.1").toUpperCase());
  return msg;
};
