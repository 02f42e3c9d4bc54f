# Orchard: the shop's machines.
terraform {
  required_version = ">= 1.6"
  required_providers {
    aws        = { source = "hashicorp/aws", version = "~> 5.0" }
    cloudflare = { source = "cloudflare/cloudflare", version = "~> 4.0" }
    datadog    = { source = "DataDog/datadog" }
  }
  backend "s3" {
    bucket = "orchard-state"
    key    = "prod/terraform.tfstate"
    region = "eu-west-3"
  }
}

# resource "google_storage_bucket" "old" { name = "gone" }

module "vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.1.0"
}

resource "aws_db_instance" "orders" {
  engine = "postgres"
  tags   = { description = "moved here from https://www.heroku.com in 2021" }
}

resource "aws_sqs_queue" "mails" {
  name = "mails"
}

resource "cloudflare_record" "shop" {
  name  = "shop"
  value = aws_lb.front.dns_name
}

/* resource "azurerm_storage_account" "backup" {} */

variable "alerts" {
  description = "See https://docs.pagerduty.com for how to make a key"
  default     = "https://events.pagerduty.com/v2/enqueue"
}
