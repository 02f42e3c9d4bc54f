// Fonts used to come from https://fonts.googleapis.com; see https://developers.google.com/fonts
import * as Sentry from "@sentry/nextjs";
import Script from "next/script";

/* <script src="https://cdn.segment.com/analytics.js"></script> */

export default function Layout({ children }: { children: React.ReactNode }) {
  return (
    <html lang="fr">
      <head>
        <link rel="stylesheet" href="//cdnjs.cloudflare.com/ajax/libs/normalize/8.0.1/normalize.min.css" />
        <link rel="canonical" href="https://www.rendezvous-app.fr/" />
        <Script src="https://js.hcaptcha.com/1/api.js" />
      </head>
      <body>
        {children}
        <a href="https://twitter.com/rendezvous">Twitter</a>
        <p>Pay by Stripe, or write to help@zendesk.com</p>
      </body>
    </html>
  );
}
