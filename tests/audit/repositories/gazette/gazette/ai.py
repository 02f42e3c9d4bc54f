"""Headlines. The API is described at https://docs.anthropic.com."""
import logging

import anthropic
import cloudinary

log = logging.getLogger(__name__)
USER_AGENT = "Gazette/1.0 (+https://gazette.onrender.com)"


def headline(text):
    # We tried "gpt-4o" and https://api.openai.com before.
    client = anthropic.Anthropic()
    log.info("asking; see https://console.cloud.google.com for quotas")
    return client.messages.create(model="claude-3-5-sonnet-latest", max_tokens=50,
                                  messages=[{"role": "user", "content": text}])
