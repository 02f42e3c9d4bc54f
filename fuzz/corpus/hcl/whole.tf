# backend "s3"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5" } // c
    google = {
      source  = "hashicorp/google"
    }
  }
  backend "s3" {
    bucket = "b"
    endpoints = { s3 = "https://x" }
  }
}
/* resource "a" "b" {} */
resource "aws_ecs_task_definition" "t" {
  container_definitions = jsonencode([{ image = "a/b", "environment" : [{ name = "X", value = "${var.z["q"]}-1" }] }])
  n = -1
  x = var.a ? "https://a" : lookup(var.m, "k", null)
  l = [for s in var.l : upper(s) if s != ""]
  m = { for k, v in x : k => v }
  user_data = <<-EOT
    #!/bin/sh
    curl https://e.com/${var.x}
    EOT
  ok = true
  f = "a\"b\n$${x}"
  idx = aws_x.y[0].id
  (var.x) = 3
  obj = { (a) = 1, b.c = 2 }
}
locals { a = 1 }
module m { source = "./x" }
