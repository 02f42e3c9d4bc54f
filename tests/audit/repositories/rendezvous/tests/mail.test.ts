const hook = "https://api.mailgun.net/v3/messages";
