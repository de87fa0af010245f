{"nodes": ["mq1", "mq2", "mq3"], "erlang_cookie_file": "/etc/rabbitmq/cookie"}
