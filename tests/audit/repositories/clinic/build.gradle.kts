plugins {
    id("org.springframework.boot") version "3.2.0"
    kotlin("jvm") version "1.9.21"
}

repositories {
    mavenCentral()
    // maven("https://repo.spring.io/milestone")
}

dependencies {
    implementation("org.springframework.boot:spring-boot-starter-web")
    implementation("com.azure:azure-storage-blob:12.25.0")
    implementation("com.azure:azure-identity:1.11.0")
    implementation("com.auth0:java-jwt:4.4.0")
    implementation("com.sendgrid:sendgrid-java:4.10.0")
    /* implementation("software.amazon.awssdk:s3:2.21.0") */
    runtimeOnly("org.postgresql:postgresql")
}
