/*
 * Licensed under the Apache License, see https://www.apache.org/licenses/LICENSE-2.0
 */
package eu.clinic;

import com.azure.storage.blob.BlobServiceClient;
import com.sendgrid.SendGrid;
import org.springframework.stereotype.Service;

/** Sends mail. See {@link https://docs.mailgun.com}. */
@Service
public class Mail {
    private static final String SCHEMA = "http://schemas.xmlsoap.org/soap/envelope/";
    // private static final String OLD = "https://api.postmarkapp.com";

    void send(SendGrid sendGrid) {
        throw new IllegalStateException("Could not send: is https://status.twilio.com green?");
    }
}
