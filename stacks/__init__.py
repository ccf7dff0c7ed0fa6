"""What is built where: settings, the topology they are wired in, and the composition root of each environment."""
