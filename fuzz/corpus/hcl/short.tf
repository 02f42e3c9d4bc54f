a = <<E
${x}
E
b "c" "d" { e = [for x in y : "${x["f"]}"] }
