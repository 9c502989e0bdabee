import { mount } from 'svelte';
import App from './app/App.svelte';
import type { Platform } from './platform/types';
import './shared/tokens.css';
import './shared/base.css';

async function platform(): Promise<Platform> {
  if (import.meta.env.MODE === 'demo') return (await import('./platform/demo')).demo(location.search);
  return (await import('./platform/tauri')).tauri;
}

const target = document.getElementById('app');
if (target) void platform().then((platform) => mount(App, { target, props: { platform } }));
