// Vitepress's own theme, in the fonts of whoever reads.
import theme from 'vitepress/theme-without-fonts';
import './style.css';

export default theme;
