import OpenAI from "openai";

const client = new OpenAI({ apiKey: process.env.OPENAI_API_KEY });

// The endpoint of Mistral would be https://api.mistral.ai/v1
export async function summarise(text: string): Promise<string> {
  const answer = await client.chat.completions.create({
    model: "gpt-4o-mini",
    messages: [{ role: "user", content: `Summarise. Docs: https://docs.cohere.com ${text}` }],
  });
  if (!answer.choices.length) throw new Error("No answer: see https://status.anthropic.com");
  return answer.choices[0].message.content ?? "";
}
